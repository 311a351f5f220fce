"""The catalog: keeps the products and their prices."""
