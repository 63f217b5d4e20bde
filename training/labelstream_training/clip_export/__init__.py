"""Bring your own CLIP: a Hugging Face or open_clip checkpoint becomes an encoder bundle."""
