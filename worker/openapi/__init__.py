"""The API's own description: an OpenAPI 3.1 document from the route table, and a reference page that works offline."""
