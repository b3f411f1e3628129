package web

import _ "embed"

//go:embed openapi.json
var openAPIDocument []byte

// openAPI is GET /api/v1/openapi.json.
func (h *Handler) openAPI(*exchange) (reply, *failure) {
	return reply{"application/json", openAPIDocument, nil}, nil
}
