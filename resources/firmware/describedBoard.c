#include "describedBoard.h"

const described_board_record described_board = { "BBBOARD1", 0, 1, 1, 0, 0, UART_NS16550, 0, "" };
