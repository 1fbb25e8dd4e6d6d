"""What an index holds and answers."""
