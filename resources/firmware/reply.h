/* Remembered answers: a repeated request is answered from here instead of being executed twice. */
#ifndef REPLY_H
#define REPLY_H

#include "frame.h"

/* 1 and the reply is that of the same request answered before. */
int reply_again(const frame *request);
void reply_remember(const frame *request);
void reply_forget_all(void);
void reply_set_status(uint8_t status);

#endif
