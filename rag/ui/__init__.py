"""The page: `page` wires Gradio, `render` and `markup` make its HTML, `service` asks and rebuilds, `server` serves."""
