"""Where bundles come from: requests, folders, zips and git. The only room that reads YAML and runs git; the domain judges."""
