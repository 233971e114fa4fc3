// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

// question is a request to Magnum whose token and microversion were accepted.
type question struct {
	*http.Request
	token   token
	version version
	base    string // scheme and host as the client wrote them, for links
	body    []byte
}

// resource answers questions about one kind of thing; path is what follows the
// resource's name in the URL.
type resource func(q *question, path []string) (answer, *fault)

// answerMagnum takes a request through Magnum's pipeline: token, microversion,
// resource.
func (s *Server) answerMagnum(r *http.Request) answer {
	path := strings.FieldsFunc(r.URL.Path, func(c rune) bool { return c == '/' })
	public := len(path) == 0 || (len(path) == 1 && path[0] == "v1")
	t, ok := s.magnumToken(r.Header.Get("X-Auth-Token"))
	if !public && (!ok || !s.allows(t, r)) {
		return s.unauthorized()
	}
	if len(path) == 0 {
		return s.magnumRoot(r)
	}
	if path[0] != "v1" {
		return faultAnswer(fault{status: http.StatusNotFound})
	}
	v, ok := s.release.asked(r.Header)
	if !ok || !acceptsJSON(r) {
		return faultAnswer(fault{status: http.StatusNotAcceptable})
	}
	if !s.release.supports(v) {
		return s.release.mark(s.release.unsupported(), v)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return faultAnswer(fault{status: http.StatusBadRequest})
	}
	q := &question{Request: r, token: t, version: v, base: "http://" + r.Host, body: body}
	return s.route(q, path[1:])
}

func (s *Server) route(q *question, path []string) answer {
	if len(path) == 0 {
		return s.release.mark(jsonAnswer(http.StatusOK, s.v1(q.base)), q.version)
	}
	handle := map[string]resource{
		"clusters":         s.clustersResource,
		"clustertemplates": s.templatesResource,
		"certificates":     s.certificatesResource,
	}[path[0]]
	if handle == nil {
		if slices.Contains(s.release.resources(), path[0]) {
			return notModelled(q.Request)
		}
		return faultAnswer(fault{status: http.StatusNotFound})
	}
	a, f := handle(q, path[1:])
	switch {
	case f != nil && f.detail == "":
		return faultAnswer(*f)
	case f != nil:
		a = faultAnswer(*f)
	}
	return s.release.mark(a, q.version)
}

// unauthorized is keystonemiddleware's answer, which Magnum never sees.
func (s *Server) unauthorized() answer {
	return jsonAnswer(http.StatusUnauthorized, object{{"error", object{
		{"code", http.StatusUnauthorized},
		{"title", "Unauthorized"},
		{"message", errUnauthorized.message},
	}}}).with("Www-Authenticate", s.wwwAuthenticate())
}

func acceptsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return accept == "" || slices.ContainsFunc([]string{"*/*", "application/json", "application/*"},
		func(kind string) bool { return strings.Contains(accept, kind) })
}

// arguments refuses a query that has any parameter but the known ones.
func (q *question) arguments(known ...string) *fault {
	for name := range q.URL.Query() {
		if !slices.Contains(known, name) {
			return faultf(http.StatusBadRequest, "Unknown argument: %q", name)
		}
	}
	return nil
}

func missingArgument(name string) *fault {
	return faultf(http.StatusBadRequest, "Missing argument: %q", name)
}
