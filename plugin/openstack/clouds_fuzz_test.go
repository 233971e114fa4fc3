// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"strings"
	"testing"
)

// lineBreak makes all of YAML's line breaks one.
var lineBreak = strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// FuzzClouds: whatever clouds.yaml holds, Resolve gives a cloud that can
// connect or an error of its own kinds, at a line of the file, and never tells
// the password.
func FuzzClouds(f *testing.F) {
	f.Add(alice("http://k", "    regions: [A, {name: B}]"), "\n    verify: false")
	f.Add("a: &a {auth: {auth_url: http://k, <<: {user_id: b}}}\nclouds: {prod: {<<: [*a, *a]}}", "")
	f.Add("clouds:\n  prod:\n    auth: !!map {? [a] : b, password: *", "}")
	f.Add("clouds: {prod: {auth_type: v3token, auth: {auth_url: 'http://%zz', token: ", "}}}")
	f.Fuzz(func(t *testing.T, before, after string) {
		text := before + "planted-password" + after
		doc, err := parseClouds("clouds.yaml", "clouds", []byte(text))
		var cloud Cloud
		if err == nil {
			cloud, err = resolveDocument(doc)
		}
		if err == nil {
			if cloud.login == nil || cloud.AuthURL == "" || cloud.Method == "" {
				t.Errorf("half a cloud: %+v", cloud)
			}
			return
		}
		if _, ok := errors.AsType[*ConfigError](err); ok && strings.Contains(err.Error(), "planted-password") &&
			!strings.Contains(err.Error(), `/planted-password`) {
			t.Errorf("tells the password: %v", err)
		}
		wantOwnError(t, err, 1+strings.Count(lineBreak.Replace(text), "\n"))
	})
}

func resolveDocument(doc *cloudsFile) (Cloud, error) {
	d, err := doc.cloud("prod")
	if err != nil {
		return Cloud{}, err
	}
	_, cloud, err := d.resolve(Options{Getenv: noEnv})
	return cloud, err
}

func wantOwnError(t *testing.T, err error, lines int) {
	t.Helper()
	_, unknown := errors.AsType[*CloudNotFoundError](err)
	_, unsupported := errors.AsType[*UnsupportedAuthError](err)
	config, ok := errors.AsType[*ConfigError](err)
	if !ok && !unknown && !unsupported {
		t.Errorf("the error is %v", err)
	}
	if ok && (config.Line < 0 || config.Line > lines+1) {
		t.Errorf("line %d of %d: %v", config.Line, lines, err)
	}
}
