"""What people say back: ratings, gaps, pins, and questions added to notes."""
