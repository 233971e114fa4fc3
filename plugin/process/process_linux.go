// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// startOf reads field 22 of /proc/PID/stat, the start in clock ticks since
// boot (proc(5)). Field 2, the command's name, may hold blanks and brackets,
// so counting begins after its last closing bracket.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return "", errors.New("unexpected /proc/PID/stat")
	}
	return string(fields[19]), nil
}
