/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three-valued: "maybe" until more of the flow was seen. */
#ifndef EPITAPH_POLICY_TRI_H
#define EPITAPH_POLICY_TRI_H

enum tri { TRI_NO, TRI_YES, TRI_MAYBE };

#endif
