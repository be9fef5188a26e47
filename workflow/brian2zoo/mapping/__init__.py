"""What a network costs on a chip, one folder a kind of chip."""
