"""What messages offer: genres, products, prices."""
