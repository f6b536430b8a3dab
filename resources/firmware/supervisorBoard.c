#include "supervisorBoard.h"

const supervisor_board_record supervisor_board = { "BBSUPER1", 0, 1, 1, 0, 0, "" };
