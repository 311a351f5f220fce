"""The inventory: counts the stock and sets it aside for orders."""
