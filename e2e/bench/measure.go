// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"time"
)

// warmUps are the runs that don't count: they fill the caches of files.
const warmUps = 10

// measure runs the programs in turn and returns how long each run of each took,
// shortest first.
func (w *world) measure(ctx context.Context, runs int) ([][]time.Duration, error) {
	took := make([][]time.Duration, len(w.programs))
	for i := range warmUps + runs {
		for j := range w.programs {
			p := (i + j) % len(w.programs) // nobody is always first
			if w.programs[p].lacking {
				continue
			}
			d, err := w.programs[p].time(ctx)
			if err != nil {
				return nil, err
			}
			if i >= warmUps {
				took[p] = append(took[p], d)
			}
		}
	}
	for _, t := range took {
		slices.Sort(t)
	}
	return took, nil
}

// time runs p as client-go runs a plugin: its output goes through a pipe.
func (p program) time(ctx context.Context) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, p.path, p.args...)
	cmd.Dir = p.user.Home
	cmd.Env = append(p.user.Environ(), p.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if p.before != nil {
		if err := p.before(); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil || stderr.Len() > 0 {
		return 0, fmt.Errorf("%s: %w: %s", p.name, err, stderr.String())
	}
	return took, nil
}

func median(sorted []time.Duration) time.Duration { return quantile(sorted, 0.5) }

func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[int(q*float64(len(sorted)-1))]
}
