"""The order service: takes orders and sees each of them through checkout."""
