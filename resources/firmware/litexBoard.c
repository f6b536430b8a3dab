#include "litexBoard.h"

const litex_board_record litex_board = { "BBLITEX1", 0, 0, 0 };
