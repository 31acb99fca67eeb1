"""One module for each part of the inspection report; each turns its part of the model into pages."""
