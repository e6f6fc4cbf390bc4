"""Surrogates that others can use: archives, the Hugging Face hub, model cards, references."""
