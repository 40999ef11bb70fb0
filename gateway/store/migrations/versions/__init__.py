"""The steps, one file each; none is changed once released."""
