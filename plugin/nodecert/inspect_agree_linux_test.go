// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// damages are what can happen to a file of ours.
var damages = map[string]func(path string) error{
	"nothing": func(string) error { return nil },
	"removed": os.Remove,
	"damaged": func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) },
	"emptied": func(path string) error { return os.WriteFile(path, nil, 0o600) },
	"longer by a line": func(path string) error {
		data, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(path, append(data, '\n'), 0o600))
	},
	"mode 0400":       func(path string) error { return os.Chmod(path, 0o400) },
	"mode 0600":       func(path string) error { return os.Chmod(path, 0o600) },
	"mode 0640":       func(path string) error { return os.Chmod(path, 0o640) },
	"mode 0644":       func(path string) error { return os.Chmod(path, 0o644) },
	"mode 0666":       func(path string) error { return os.Chmod(path, 0o666) },
	"another's":       func(path string) error { return os.Lchown(path, 12345, 12345) },
	"another group's": func(path string) error { return os.Lchown(path, -1, 12345) },
	"behind a link": func(path string) error {
		return errors.Join(os.Rename(path, path+"~"), os.Symlink(filepath.Base(path)+"~", path))
	},
	"a directory": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
}

// Whatever happens to a file of ours, an inspection finds fault with it if and
// only if a run would not leave it as it is, and with nothing after that run.
func TestInspectAgreesWithRuns(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]Node{
		"kubelet.conf": worker(), "pki/ca.crt": worker(), "pki/kubelet.crt": worker(), "pki/kubelet.key": worker(),
		"pki/etcd/ca.crt": master(), saPublic: master(), saKey: master(),
	} {
		for _, damage := range slices.Sorted(maps.Keys(damages)) {
			t.Run(name+", "+damage, func(t *testing.T) {
				t.Parallel()
				agree(t, n, Owner{}, name, damage)
				if strings.HasPrefix(damage, "another") {
					agree(t, n, Owner{Set: true, UID: os.Geteuid(), GID: os.Getegid()}, name, damage)
				}
			})
		}
	}
}

func agree(t *testing.T, n Node, owner Owner, name, damage string) {
	t.Helper()
	root, s := newRoot(t), newSigner(t)
	o := Options{}
	if n.Role == ControlPlane {
		o.ServiceAccountKey = testSAKey()
	}
	s.must(t, root, n, o)
	if err := damages[damage](at(root, name)); errors.Is(err, os.ErrPermission) {
		t.Skip("only root gives files away")
	} else if err != nil {
		t.Fatal(err)
	}
	look := func() []string {
		t.Helper()
		found, err := Inspect(root, n, owner, s.authorities(), now)
		if err != nil {
			t.Fatal(err)
		}
		return wrong(found)
	}
	found := look()
	_, out, err := s.runAs(root, n, owner, Options{ServiceAccountKey: givenIf(name == saKey && damage != "longer by a line")})
	if mended := err != nil || len(out.Changes) > 0; mended != (len(found) > 0) {
		t.Errorf("%+v: found %q, and a run: %v, %v", owner, found, out.Changes, err)
	}
	if left := look(); err == nil && len(left) > 0 {
		t.Errorf("%+v: left after a run: %q", owner, left)
	}
}

// givenIf gives a run the key that it cannot make itself.
func givenIf(needed bool) []byte {
	if needed {
		return testSAKey()
	}
	return nil
}
