// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.Map;

/** Name of a head: {@code tenants/{tenant}/heads/{head}}. */
public record HeadName(String tenant, String head) implements Comparable<HeadName> {
    private static final String TENANTS = "tenants/";
    private static final String HEADS = "/heads/";
    private static final int MAX_ID = 63;

    public HeadName {
        checkId("tenant", tenant);
        checkId("head_id", head);
    }

    /** Parses a whole name, or refuses with {@link Reason#INVALID_FIELD}. */
    public static HeadName parse(String name) {
        int cut = name.indexOf('/', TENANTS.length());
        if (name.startsWith(TENANTS) && cut > 0 && name.startsWith(HEADS, cut)) {
            String tenant = name.substring(TENANTS.length(), cut);
            String head = name.substring(cut + HEADS.length());
            if (isId(tenant) && isId(head)) {
                return new HeadName(tenant, head);
            }
        }
        throw malformed("name", name, "tenants/{tenant}/heads/{head}");
    }

    /** Parses {@code tenants/{tenant}} into the tenant's id, or refuses with {@link Reason#INVALID_FIELD}. */
    public static String parseParent(String parent) {
        if (parent.startsWith(TENANTS)) {
            String tenant = parent.substring(TENANTS.length());
            if (isId(tenant)) {
                return tenant;
            }
        }
        throw malformed("parent", parent, "tenants/{tenant}");
    }

    private static void checkId(String field, String id) {
        if (!isId(id)) {
            throw malformed(field, id, "1 to 63 characters of a-z, 0-9 and -, a letter first");
        }
    }

    /** Checked by hand rather than by a regular expression: a prediction may name thousands of heads. */
    private static boolean isId(String id) {
        if (id.isEmpty() || id.length() > MAX_ID || id.charAt(0) < 'a' || id.charAt(0) > 'z') {
            return false;
        }
        for (int i = 1; i < id.length(); i++) {
            char c = id.charAt(i);
            if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
                return false;
            }
        }
        return true;
    }

    private static Refused malformed(String field, String value, String expected) {
        String shown = value.length() > 160 ? value.substring(0, 160) + "..." : value;
        return new Refused(
                Reason.INVALID_FIELD,
                field + ": \"" + shown + "\" (expected: " + expected + ")",
                Map.of("field", field));
    }

    @Override
    public int compareTo(HeadName other) {
        int byTenant = tenant.compareTo(other.tenant);
        return byTenant != 0 ? byTenant : head.compareTo(other.head);
    }

    @Override
    public String toString() {
        return "tenants/" + tenant + "/heads/" + head;
    }
}
