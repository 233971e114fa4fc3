// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/zalando/go-keyring"
)

func TestClassify(t *testing.T) {
	plain := errors.New("failed to unlock correct collection")
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"nothing", nil, nil},
		{"not found", keyring.ErrNotFound, ErrMiss},
		{"too big", keyring.ErrSetDataTooBig, ErrTooBig},
		{"no keyring for this system", keyring.ErrUnsupportedPlatform, ErrUnavailable},
		{"no security tool", exec.ErrNotFound, ErrUnavailable},
		{"a network logon on Windows", syscall.Errno(1312), ErrUnavailable},
		{"words only", plain, ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := classify(c.err); !errors.Is(got, c.want) {
				t.Errorf("classify(%v) = %v, want %v", c.err, got, c.want)
			}
		})
	}
	if !errors.Is(classify(plain), plain) {
		t.Error("the cause is lost")
	}
}

func TestClassifyExitStatusOfSecurity(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell to exit with a status")
	}
	for status, want := range map[int]error{36: ErrLocked, 44: ErrMiss, 51: ErrLocked, 128: ErrLocked, 1: ErrUnavailable} {
		err := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf("exit %d", status)).Run()
		if got := classify(err); !errors.Is(got, want) {
			t.Errorf("exit status %d: %v, want %v", status, got, want)
		}
	}
}
