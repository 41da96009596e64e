"""What all blueprints share: errors, bodies, queries, pages, downloads, the OpenAPI document."""
