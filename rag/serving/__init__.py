"""The doors, without Gradio."""
