"""What a network costs: operations of its equations, and where on a chip they happen, one folder a kind of chip."""
