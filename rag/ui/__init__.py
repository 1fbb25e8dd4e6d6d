"""The page: `page` wires Gradio, a folder a tab, `elements` and `markup` make its HTML."""
