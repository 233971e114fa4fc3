// SPDX-License-Identifier: Apache-2.0

package magnumtest

import "net/http"

// refusal is an error answer of Keystone.
type refusal struct {
	status  int
	message string
	methods []string // for a method it does not know: those it knows
	empty   bool     // has an empty "identity"
}

const malformed = " The server could not comply with the request since it is either malformed or " +
	"otherwise incorrect. The client is assumed to be in error."

// errUnauthorized is all that Keystone says of a wrong password, an unknown
// user, a project without a role and more: it does not help guessing.
var errUnauthorized = &refusal{
	status: http.StatusUnauthorized, message: "The request you have made requires authentication.",
}

func badRequest(sentence string) *refusal {
	return &refusal{status: http.StatusBadRequest, message: sentence + malformed}
}

func expecting(what, where string) *refusal {
	return badRequest("Expecting to find " + what + " in " + where + ".")
}

func forbidden(action string) *refusal {
	return &refusal{
		status:  http.StatusForbidden,
		message: "You are not authorized to perform the requested action: " + action,
	}
}

func notFound(message string) *refusal {
	return &refusal{status: http.StatusNotFound, message: message}
}

// keystoneAnswer is Flask's JSON: keys sorted, no spaces, a newline.
func (s *Server) keystoneAnswer(r *refusal) answer {
	e := object{{"code", r.status}}
	switch {
	case r.methods != nil:
		e = append(e, member{"identity", object{{"methods", r.methods}}})
	case r.empty:
		e = append(e, member{"identity", object{}})
	}
	e = append(e, member{"message", r.message}, member{"title", http.StatusText(r.status)})
	a := jsonAnswer(r.status, nil)
	a.body = append(marshal(object{{"error", e}}, compact), '\n')
	if r.status == http.StatusUnauthorized {
		a = a.with("Www-Authenticate", s.wwwAuthenticate())
	}
	return a
}

func (s *Server) wwwAuthenticate() string { return `Keystone uri="` + s.keystone.url + `"` }
