"""Training and measuring as they are usually written, in the way of the released code: what ours is compared with.

A DataLoader that normalises image by image, a transfer and two waits per step, NC1 from loops over images and a d×d
pseudo-inverse, passes over the data for every metric.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from plasticity.data.image_tensors import ImageTensors
from plasticity.models.classifier import Classifier


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images one by one, as torchvision's sets and transforms give them."""

    def __init__(self, images: ImageTensors) -> None:
        self.pixels, self.labels = images.pixels.cpu(), images.labels.cpu()
        self.mean, self.std = images.mean.cpu(), images.std.cpu()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = self.pixels[index].permute(2, 0, 1).contiguous().float() / 255
        return (picture - self.mean) / self.std, int(self.labels[index])


class ReferenceLoop:
    """A network, its optimizer and a loader."""

    def __init__(self, model: Classifier, images: ImageTensors, batch_size: int) -> None:
        self.device = images.device
        self.model = model.to(self.device)
        self.optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
        generator = torch.Generator().manual_seed(0)
        self.loader = DataLoader(Pictures(images), batch_size=batch_size, shuffle=True, generator=generator)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the loader's batches, moved to the device one by one."""
        for images, labels in self.loader:
            yield images.to(self.device), labels.to(self.device)

    def train(self, penalty: float = 0.0) -> float:
        """Train an epoch; with a penalty, its class means and covariances come from forward passes of their own."""
        self.model.train()
        accuracies = []
        for images, labels in self.batches():
            self.optimizer.zero_grad()
            logits = self.model(images)
            loss = functional.cross_entropy(logits, labels)
            if penalty:
                means = class_means(self.model.features(images), labels)
                loss = loss + penalty * nc1(self.model.features(images), labels, means)
            loss.backward()
            self.optimizer.step()
            accuracies.append(float((logits.argmax(1) == labels).float().mean()))
        return sum(accuracies) / len(accuracies)

    @torch.no_grad()
    def measure(self) -> tuple[float, float, float, float]:
        """Return accuracy, NC1, NC4 and the effective rank of the features, each from its pass."""
        self.model.train(mode=False)
        right = sum(int((self.model(images).argmax(1) == labels).sum()) for images, labels in self.batches())
        pairs = [(self.model.features(images), labels) for images, labels in self.batches()]
        features, labels = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        means = class_means(features, labels)
        agree = total = 0
        for images, _ in self.batches():
            logits, hidden = self.model(images), self.model.features(images)
            for feature, logit in zip(hidden, logits, strict=True):
                agree += int((means - feature).norm(dim=1).argmin() == logit.argmax())
                total += 1
        singular = torch.linalg.svdvals(features)
        shares = singular / singular.sum()
        rank = float(torch.exp(-torch.special.xlogy(shares, shares).sum()))
        return right / len(labels), float(nc1(features, labels, means)), agree / total, rank


def class_means(features: Tensor, labels: Tensor) -> Tensor:
    """Return the mean feature of each class that is there, summed up image by image."""
    sums: dict[int, Tensor] = {}
    counts: dict[int, int] = {}
    for feature, label in zip(features, labels.tolist(), strict=True):
        sums[label] = sums[label] + feature if label in sums else feature
        counts[label] = counts.get(label, 0) + 1
    return torch.stack([sums[label] / counts[label] for label in sorted(sums)])


def nc1(features: Tensor, labels: Tensor, means: Tensor) -> Tensor:
    """Return Tr(Σ_W Σ_B†)/C, with Σ_W as a sum of outer products and the pseudo-inverse of a d×d matrix."""
    position = {label: place for place, label in enumerate(sorted(set(labels.tolist())))}
    within = torch.zeros(features.shape[1], features.shape[1], device=features.device)
    for feature, label in zip(features, labels.tolist(), strict=True):
        residual = feature - means[position[label]]
        within = within + torch.outer(residual, residual) / len(labels)
    centred = means - features.mean(0)
    between = centred.T @ centred / len(means)
    return torch.trace(within @ torch.linalg.pinv(between, rcond=1e-5)) / len(means)
