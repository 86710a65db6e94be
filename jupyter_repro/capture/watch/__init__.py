"""What the operating system itself says about files: the layers below Python's audit hook."""
