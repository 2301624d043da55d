"""The evidence as one HTML page: what it says (content), in which words and charts; read offline."""
