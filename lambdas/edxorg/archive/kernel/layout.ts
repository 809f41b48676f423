/** Where things lie in the kernel's memory. row-kernel.as says the same in its own constants. */
export const STATE = 0x1000;
export const CONFIG = 0x1040;
export const SUFFIX = 0x2000;
export const SUFFIX_BYTES = 0x2000;
export const INPUT = 0x40_0000;
export const INPUT_BYTES = 0x10_0000;
export const OUTPUT = 0x60_0000;
