"""What was typed → what is asked; pure text."""
