"""The embedded sample data set: ten classes of shapes and textures, drawn by the project itself."""
