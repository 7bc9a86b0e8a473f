"""A release as one folder: its layout, its lineage, and what differs between two of them."""
