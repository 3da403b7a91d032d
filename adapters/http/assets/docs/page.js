"use strict";

// A key that somebody enters stays in the memory of this page, and is sent to the server that the page came from.
SwaggerUIBundle({
  url: "openapi.json",
  domNode: document.getElementById("contract"),
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
