/** Where things lie in the kernel's memory. line-kernel.as says the same in its own constants. */
export const NAMES = 1_024;
export const NAME_BYTES = 16;
export const NAME_LENGTHS = 1_280;
export const CONSTANTS = 2_048;
export const CONSTANT_BYTES = 32;
export const CONSTANT_LENGTHS = 3_072;
export const STATE = 512;
export const INPUT = 0x20_0000;
export const INPUT_BYTES = 0x10_0000;
export const STAGED = 0x40_0000;
export const NORMALISED = 0xc0_0000;
export const TABLE = 0x140_0000;
