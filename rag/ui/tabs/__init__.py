"""The tabs of the page: their components, and which event calls what."""
