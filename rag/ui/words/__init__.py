"""Every sentence of the page, once a language."""
