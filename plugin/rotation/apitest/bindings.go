// SPDX-License-Identifier: Apache-2.0

package apitest

import (
	"encoding/json"
	"net/http"
	"path"
)

// Binding is a role binding by its name, in JSON; nil if there is none.
func (g *Signing) Binding(name string) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bindings[name]
}

// SetBinding puts a role binding there, or with nil takes one away.
func (g *Signing) SetBinding(name string, object []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.bindings, name)
	if object != nil {
		g.bindings[name] = object
	}
}

func (g *Signing) handleBinding(w http.ResponseWriter, r *http.Request, body []byte) {
	var object map[string]any
	name := path.Base(r.URL.Path)
	switch found := g.bindings[name]; {
	case r.Method == http.MethodPost:
		if json.Unmarshal(body, &object) != nil {
			status(w, http.StatusBadRequest, "no JSON")
			return
		}
		meta, _ := object["metadata"].(map[string]any)
		name, _ = meta["name"].(string)
		if g.fault.Conflict != "" {
			g.bindings[name] = json.RawMessage(g.fault.Conflict)
		}
		if g.bindings[name] != nil {
			status(w, http.StatusConflict, "clusterrolebindings already exists")
			return
		}
		meta["uid"] = name + "-uid"
		g.bindings[name], _ = json.Marshal(object)
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(g.bindings[name])
	case found == nil:
		status(w, http.StatusNotFound, "clusterrolebindings not found")
	case r.Method == http.MethodDelete:
		delete(g.bindings, name)
		status(w, http.StatusOK, "")
	default:
		_, _ = w.Write(found)
	}
}
