// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// process is a server that ends when its standard input does: the pipe's other
// end is ours, so it can't outlive us.
type process struct {
	cmd  *exec.Cmd
	log  string
	out  io.Reader
	life io.Closer
	done chan struct{} // closed when it has ended
}

func startProcess(log, program string, args ...string) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the child has its own copy
	cmd := exec.Command(program, args...)
	cmd.Dir = filepath.Dir(log)
	// Proxies are for the user's traffic, not for loopback.
	cmd.Env = []string{"HOME=" + cmd.Dir, "TMPDIR=" + cmd.Dir}
	cmd.Stderr = file
	ownGroup(cmd)
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: log, life: life, out: out, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_, _ = cmd.Process.Wait()
	}()
	return p, nil
}

// firstLine is the first line of the process's standard output, without its end.
func (p *process) firstLine(ctx context.Context) (string, error) {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.out).ReadString('\n')
		lines <- strings.TrimSpace(line)
	}()
	select {
	case line := <-lines:
		if line == "" {
			<-p.done
			return "", p.died()
		}
		return line, nil
	case <-ctx.Done():
		return "", fmt.Errorf("%s does not start: %w", p.name(), ctx.Err())
	}
}

// kill ends the process, at once: nothing it has is worth keeping. A nil
// process is dead.
func (p *process) kill() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	_ = p.life.Close()
}

// died is the error for a process that ended by itself.
func (p *process) died() error {
	const lines = 5
	log, _ := os.ReadFile(p.log)
	all := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	last := all[max(0, len(all)-lines):]
	return fmt.Errorf("%s ended; its last words:\n%s", p.name(), bytes.Join(last, []byte("\n")))
}

func (p *process) name() string { return filepath.Base(p.cmd.Path) }
