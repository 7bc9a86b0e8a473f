"""What learns at night: the query tower, the heads, and the weights that blend their opinions."""
