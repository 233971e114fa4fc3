// SPDX-License-Identifier: Apache-2.0

// Package rename puts a new file in the place of an old one, which whoever
// reads it at any time finds as the one or the other. It neither writes nor
// makes files. There is no promise of API stability.
package rename
