/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/**
 * sandbox_hint() - why ganadd cannot open a file that is there, on stderr
 * @path: of the file, absolute and without symbolic links
 * @why:  what ganadd said; nothing is printed unless it did not find the file or may not read it
 */
void sandbox_hint(const char *path, const char *why);
