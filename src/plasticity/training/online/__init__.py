"""Online stochastic gradient descent on streams of images: stacks of ReLU networks, one image or batch per step."""
