"""benchbox: which convolutional network is fastest, smallest and most accurate, here, on these pictures?"""

__version__ = "0.1.0"
