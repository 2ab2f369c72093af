"""What ridge regression needs of the Wishart law."""
