"""The command line: one module for each group of commands, loaded only when one of them is called."""
