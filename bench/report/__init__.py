"""What shows: run files to one page, Markdown and CSV, all from the same records."""
