"""Networks: any module of PyTorch that names its last layer `head`."""

from torch import Tensor, nn


class WideNet(nn.Module):
    """A convolution and one wide layer."""

    def __init__(self, image_shape: tuple[int, int, int], num_classes: int, *, width: int = 64) -> None:
        super().__init__()
        channels, rows, columns = image_shape
        wide = nn.Linear(8 * rows * columns, width)
        self.body = nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), wide, nn.ReLU())
        self.head = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (B, C) of images (B, channels, rows, columns)."""
        return self.head(self.body(images))
