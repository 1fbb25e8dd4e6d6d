"""What a file holds as text, one reader a kind of file."""
