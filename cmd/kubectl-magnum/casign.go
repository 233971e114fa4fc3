// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// csrMax is more than any certificate request has.
const csrMax = 64 << 10

func newCASignCommand(p *program) *cobra.Command {
	o := &caOptions{}
	var file string
	cmd := &cobra.Command{
		Use:   "ca-sign [CLUSTER] --csr FILE",
		Short: "Have a certificate request signed by a CA of a cluster",
		Long: `Have a certificate request signed by a CA of a cluster, and print the
certificate. Magnum decides how long it is valid: five years, unless your cloud
says otherwise. It signs for any user and group that the request names.`,
		Example: `  kubectl magnum ca-sign prod --csr kubelet.csr > kubelet.pem
  openssl req -new -key my.key -subj /O=viewers/CN=carol | kubectl magnum ca-sign prod --csr -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.sign(cmd, p, args, file) },
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&file, "csr", "", "`file` with the certificate request in PEM, or - for standard input")
	return cmd
}

func (o *caOptions) sign(cmd *cobra.Command, p *program, args []string, file string) error {
	cluster, which, err := o.check(cmd, args)
	if err != nil {
		return err
	}
	if file == "" {
		return usagef("name the certificate request: --csr FILE")
	}
	var result *plugin.CAResult
	err = p.useCase(cmd.Context(), o.cloud, cacheOptions{}, func(pl *plugin.Plugin, _ *progress) error {
		csr, err := p.readCSR(file)
		if err != nil {
			return &csrError{file: file, err: err}
		}
		result, err = pl.SignCSR(cmd.Context(), plugin.SignCSRRequest{Cluster: cluster, Type: which, CSR: csr})
		if refused, ok := errors.AsType[*plugin.RequestError](err); ok {
			return &csrError{file: file, err: refused.Err}
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.printCertificate(result, o.output)
}

// csrError is what is wrong with a certificate request, or with its file.
type csrError struct {
	file string // - for standard input
	err  error
}

func (e *csrError) Error() string { return fmt.Sprintf("certificate request %q: %v", e.file, e.err) }
func (e *csrError) Unwrap() error { return e.err }

// readCSR reads a file, which may be a pipe, or standard input.
func (p *program) readCSR(file string) ([]byte, error) {
	in := p.streams.In
	if file != "-" {
		if !filepath.IsAbs(file) {
			file = filepath.Join(p.workDir, file)
		}
		f, err := os.Open(file)
		if err != nil {
			return nil, bare(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, bare(err)
		}
		if info.IsDir() {
			return nil, errors.New("it is a directory")
		}
		in = f
	}
	csr, err := io.ReadAll(io.LimitReader(in, csrMax+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(csr) > csrMax {
		return nil, fmt.Errorf("it is longer than %d KiB", csrMax>>10)
	}
	return csr, nil
}

// bare is err without the path, which is said once already.
func bare(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
