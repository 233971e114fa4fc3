module github.com/kubectl-magnum/kubectl-magnum/e2e

go 1.26.0

require (
	github.com/godbus/dbus/v5 v5.2.4
	github.com/gofrs/flock v0.13.2
	github.com/kubectl-magnum/kubectl-magnum v0.0.0-00010101000000-000000000000
	github.com/zalando/go-keyring v0.2.8
	go.yaml.in/yaml/v3 v3.0.6
	golang.org/x/sys v0.49.0
)

require (
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
)

replace github.com/kubectl-magnum/kubectl-magnum => ../
