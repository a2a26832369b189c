"""The loss around a network: its Hessian and Gauss-Newton matrix, their spectra, and the gradients of single images.

    from plasticity.metrics.landscape import gauss_newton_spectrum, hessian_product, stochastic_spectrum

    gauss_newton_spectrum(model, images).rank(1e-3)            # exact, for networks of any width
    product = hessian_product(model, images, labels)
    stochastic_spectrum(product, probes=10, steps=50, generator=generator).trace
    hessian_spectrum(model, images, labels).trace              # exact, for networks of a few thousand parameters

All of it is of the mean cross-entropy over the images that are given, or of a squared error where a function takes its
noise or factors, in eval mode, and leaves the network as it was.
"""

from plasticity.metrics.landscape.exact_hessian import hessian_spectrum as hessian_spectrum
from plasticity.metrics.landscape.gauss_newton import gauss_newton_spectrum as gauss_newton_spectrum
from plasticity.metrics.landscape.gradient_covariance import GradientCovariance as GradientCovariance
from plasticity.metrics.landscape.gradient_covariance import gradient_covariance as gradient_covariance
from plasticity.metrics.landscape.kronecker import kronecker_ranks as kronecker_ranks
from plasticity.metrics.landscape.lanczos import largest_eigenvalue as largest_eigenvalue
from plasticity.metrics.landscape.lanczos import stochastic_spectrum as stochastic_spectrum
from plasticity.metrics.landscape.products import gauss_newton_product as gauss_newton_product
from plasticity.metrics.landscape.products import hessian_product as hessian_product
from plasticity.metrics.landscape.spectrum import Spectrum as Spectrum
