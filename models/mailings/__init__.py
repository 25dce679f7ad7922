"""Mailings: whom they are for, how they become messages, what becomes of them."""
